// What npm would publish: the built code, the README, the license and the manifest, nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { packagesIn } from '../scripts/licenses.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const allowed =
  /^(package\.json|README\.md|LICENSE|dist\/([^/]+\.(js|d\.ts)(\.map)?|LICENSES\.txt))$/;

/** The paths in the package's tarball. */
function packed(folder: string): string[] {
  const [{ files }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    }),
  );
  return files.map(({ path }: { path: string }) => path);
}

/** What is in the built files with this ending. */
const built = (folder: string, ending: string): string[] =>
  readdirSync(`${folder}/dist`)
    .filter((file) => file.endsWith(ending))
    .map((file) => readFileSync(`${folder}/dist/${file}`, 'utf8'));

describe.each(readdirSync(`${root}packages`))('packages/%s', (name) => {
  const folder = `${root}packages/${name}`;
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

  test('is packed with dist, README, LICENSE and package.json only', () => {
    expect(existsSync(`${folder}/dist/index.js`), 'not built: npm run build').toBe(true);
    const files = packed(folder);
    expect(files.filter((path) => !allowed.test(path))).toEqual([]);
    const needed = ['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json'];
    expect(files).toEqual(expect.arrayContaining(needed));
  });

  test('has the license of the repository', () => {
    expect(readFileSync(`${folder}/LICENSE`, 'utf8')).toBe(readFileSync(`${root}LICENSE`, 'utf8'));
  });

  test('says in its manifest what tools and people look for', () => {
    expect(manifest).toMatchObject({
      name: `@chainrule/${name}`,
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      files: ['dist'],
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
      repository: { directory: `packages/${name}` },
    });
    expect(manifest.description).toBeTruthy();
  });

  test('imports, once built, only what its manifest names', () => {
    const text = built(folder, '.js').join('\n');
    const imports = [...text.matchAll(/^(?:import|export)\b[^'"]*?['"]([^'".][^'"]*)['"];?$/gm)];
    const names = imports.map(([, from]) => from!.match(/^(@[^/]+\/)?[^/]+/)![0]);
    const { dependencies = {} } = manifest;
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(names));
  });

  test('has source maps with the sources in them', () => {
    const maps = built(folder, '.js.map').map((text) => JSON.parse(text));
    const missing = maps.flatMap(({ sources, sourcesContent }) =>
      sources.filter((_: string, i: number) => typeof sourcesContent[i] !== 'string'),
    );
    expect(missing).toEqual([]);
  });

  test('passes on the license of all that is built in', () => {
    const maps = built(folder, '.js.map').map((text) => JSON.parse(text));
    const builtIn = packagesIn(maps.flatMap(({ sources }) => sources));
    const file = `${folder}/dist/LICENSES.txt`;
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    expect(builtIn.filter((each) => !text.includes(`\n${each} `))).toEqual([]);
    expect(builtIn).toEqual(name === 'graph' ? expect.arrayContaining(['mathjs']) : []);
  });
});
