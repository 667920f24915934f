#!/usr/bin/env node
// Installs what is missing and does nothing else: node_modules, and for the tests a chromium with
// its fonts and Vulkan loader. Runs in a fresh clone: imports nothing from node_modules.
//   node scripts/setup.mjs [--no-browser]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';
import { fail, root, run, say } from './run.mjs';

/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(root + path, 'utf8'));

/** Why node_modules does not hold what the lock file says, or undefined when it does. */
function staleModules() {
  const installed = 'node_modules/.package-lock.json'; // npm writes it last
  if (!existsSync(root + installed)) return 'node_modules is missing';
  const want = Object.entries(json('package-lock.json').packages);
  const have = json(installed).packages;
  // An optional entry may be another platform's binary.
  const differs = want.find(
    ([at, { version, optional }]) =>
      at.includes('node_modules/') && have[at]?.version !== version && !(optional && !have[at]),
  );
  return differs && `${differs[0]} in node_modules is not what package-lock.json says`;
}

function installModules() {
  const why = staleModules();
  if (!why) return;
  say(`setup: npm ci (${why})`);
  // Errors show even under `npm run --silent`.
  if (run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) {
    fail(
      'setup: npm ci failed, see above.\n  fix: check the network and registry, then run npm ci',
    );
  }
}

/** The browser the tests will start. */
async function findBrowser() {
  const named = process.env['CHROMIUM_PATH'];
  if (named && !existsSync(named)) {
    fail(`setup: CHROMIUM_PATH is ${named}, which does not exist.\n  fix: correct or unset it`);
  }
  const found = findChromium();
  if (found) return found;
  const { chromium } = await import('playwright');
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

/** Whether a shared library is in one of the loader's usual places.
 * @param {string} file */
function hasLibrary(file) {
  const places = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const triples = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'))
    : [];
  return [...places, ...triples.map((name) => `/usr/lib/${name}`)].some((place) =>
    existsSync(`${place}/${file}`),
  );
}

/** The Debian packages the tests still lack. */
async function missingPackages() {
  const missing = [];
  if (!(await findBrowser())) missing.push('chromium');
  if (process.platform === 'linux') {
    if (!existsSync('/usr/share/fonts/truetype/liberation')) missing.push('fonts-liberation');
    if (!hasLibrary('libvulkan.so.1')) missing.push('libvulkan1');
  }
  return missing;
}

/** The words before apt-get that make it run as root, or undefined when nothing does. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  return existsSync('/usr/bin/sudo') && run('sudo', ['-n', 'true']) === 0
    ? ['sudo', '-n']
    : undefined;
}

/** @param {string[]} packages */
export function aptInstall(packages) {
  const prefix = existsSync('/usr/bin/apt-get') ? asRoot() : undefined;
  if (!prefix) return false;
  /** @param {...string} args */
  const apt = (...args) => {
    const [command, ...rest] = [
      ...prefix,
      ...[
        'env',
        'DEBIAN_FRONTEND=noninteractive',
        'apt-get',
        '-q',
        '-o',
        'DPkg::Lock::Timeout=300',
      ],
      ...args,
    ];
    return run(/** @type {string} */ (command), rest) === 0;
  };
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);
  const lists = '/var/lib/apt/lists';
  const listed =
    existsSync(lists) && readdirSync(lists).some((name) => name.includes('_Packages'));
  say(`setup: apt-get install ${packages.join(' ')}`);
  // Old lists name files that the mirror no longer has: then, too, update and try again.
  return (listed && install()) || (apt('update') && install());
}

const byHand = (/** @type {string[]} */ packages) =>
  `  fix: install ${packages.join(', ')} by hand (Debian: apt-get install ${packages.join(' ')}),
       or let playwright download a browser (npx playwright install --with-deps chromium),
       or set CHROMIUM_PATH to a Chrome or Chromium that is already there,
       or leave the browser tests out (npm test -- --no-browser)`;

async function installBrowser() {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const installed = aptInstall(missing);
  const still = installed ? await missingPackages() : missing;
  if (still.includes('chromium')) {
    fail(`setup: found no chromium, which the browser tests need.\n${byHand(missing)}`);
  }
  if (still.length > 0) {
    say(
      `setup: ${still.join(', ')} not installed: tests of WebGPU in Node will say that they skip.`,
    );
  }
}

/** @param {{ browser: boolean }} options */
export async function setup({ browser }) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`setup: chainrule needs Node 20.19 or newer, this is ${process.versions.node}`);
  }
  installModules();
  if (browser) await installBrowser();
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  await setup({ browser: !process.argv.includes('--no-browser') });
  say('setup: everything is there');
}
