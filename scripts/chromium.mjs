// Which browser the tests drive, and how it starts. Knows only Node: setup.mjs asks it first.
import { existsSync } from 'node:fs';

const places = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** CHROMIUM_PATH or the system's browser; undefined lets playwright use its own download. */
export const findChromium = () => places.find((path) => path && existsSync(path));

/** A quiet chromium that needs no sandbox and no GPU: WebGL and WebGPU run in software.
 * @type {string[]} */
export const args = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
];
