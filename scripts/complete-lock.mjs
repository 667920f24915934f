#!/usr/bin/env node
// Adds the entries that npm leaves out of package-lock.json when a registry
// (a partial mirror) has no manifest for an optional binary of another platform.
// Without them `npm ci` stops with "Missing: NAME@ from lock file".
// An entry is the exact version from the parent's optionalDependencies plus the
// os/cpu/libc read from its name; npm fetches it only on that platform.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const pk = lock.packages;

/** @type {Record<string, string>} */
const OS = {
  darwin: 'darwin',
  windows: 'win32',
  win32: 'win32',
  linux: 'linux',
  android: 'android',
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  aix: 'aix',
  openharmony: 'openharmony',
};
const CPU = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

/** What a binary's name says about the platform it is for.
 * @param {string} name */
function platform(name) {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  /** @type {{ cpu?: string[], os?: string[], libc?: string[] }} */
  const out = {};
  const os = words.map((w) => OS[w] ?? (w === 'linuxmusl' ? 'linux' : undefined)).find(Boolean);
  const cpu = words.includes('64')
    ? 'x64'
    : words
        .map((w) => (w === 'ppc64le' ? 'ppc64' : CPU.includes(w) ? w : undefined))
        .find(Boolean);
  if (cpu) out.cpu = [cpu];
  if (os) out.os = [os];
  if (os === 'linux' && words.some((w) => w.includes('musl'))) out.libc = ['musl'];
  if (os === 'linux' && words.some((w) => w.startsWith('gnu'))) out.libc = ['glibc'];
  return os || cpu ? out : undefined;
}

/** The key under which a package at `from` finds `name`.
 * @param {string} from
 * @param {string} name */
function resolve(from, name) {
  for (let at = from; ; ) {
    const key = at ? `${at}/node_modules/${name}` : `node_modules/${name}`;
    if (pk[key]) return key;
    if (!at) return undefined;
    const cut = at.lastIndexOf('node_modules/');
    at = cut > 0 ? at.slice(0, cut - 1) : '';
  }
}

let added = 0;
/** @typedef {{ dev?: boolean, optionalDependencies?: Record<string, string> }} Entry */
for (const [at, p] of Object.entries(/** @type {Record<string, Entry>} */ ({ ...pk }))) {
  for (const [name, version] of Object.entries(p.optionalDependencies ?? {})) {
    const have = resolve(at, name);
    if (have && (pk[have].version === version || !/^\d/.test(version))) continue;
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      console.error(`skipped ${name}@${version}: not an exact version`);
      continue;
    }
    const where = platform(name);
    if (!where) {
      console.error(`skipped ${name}@${version}: no platform in its name`);
      continue;
    }
    const key =
      have || pk[`node_modules/${name}`] ? `${at}/node_modules/${name}` : `node_modules/${name}`;
    pk[key] = {
      version,
      ...(where.cpu && { cpu: where.cpu }),
      ...(p.dev && { dev: true }),
      ...(where.libc && { libc: where.libc }),
      optional: true,
      ...(where.os && { os: where.os }),
    };
    added++;
  }
}
if (added) {
  lock.packages = Object.fromEntries(
    Object.entries(pk).sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`complete-lock: ${added} entries added to ${file}`);
