// The licenses of what is built into a package, for its tarball.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));

/**
 * The names of the packages among the sources of a source map.
 * @param {string[]} sources
 */
export function packagesIn(sources) {
  const names = sources.map((path) => path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/**
 * Name, version, notice and license of each package.
 * @param {string[]} names
 * @throws Error for a package without a license: it cannot be passed on
 */
export function licensesOf(names) {
  const parts = names.map((name) => {
    const { version } = JSON.parse(readFileSync(`${modules}${name}/package.json`, 'utf8'));
    const files = readdirSync(`${modules}${name}`);
    const notice = files.filter((file) => /^notice/i.test(file));
    const license = files.filter((file) => /^licen[cs]e/i.test(file));
    if (license.length === 0) throw new Error(`${name} has no license file: do not build it in.`);
    const texts = [...notice, ...license].map((file) =>
      readFileSync(`${modules}${name}/${file}`, 'utf8').trim(),
    );
    return [`${name} ${version}`, ...texts].join('\n\n');
  });
  return `Built into this package:\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
