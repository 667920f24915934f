// The counts in the closing line of `npm test` come from a reporter: nothing may escape it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Counts } from '../../scripts/count-reporter.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

function counted(): Counts {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-'));
  const file = join(folder, 'counts.json');
  try {
    const reporter = join(root, 'scripts/count-reporter.mjs');
    spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter', reporter],
      { cwd: join(root, 'tests/counting'), env: { ...process.env, CHAINRULE_COUNTS: file } },
    );
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('passed, failed and skipped tests, broken files, hooks and late errors all count', () => {
  const { passed, failed, skipped } = counted();
  expect(passed).toBe(2);
  const names = failed.map(({ name, why }) => `${name} | ${why?.split('\n')[0]}`);
  expect(names.sort()).toEqual([
    '[counted] broken.counted.ts | broken file',
    '[counted] mixed.counted.ts > a block | broken hook',
    expect.stringMatching(/^\[counted\] mixed.counted.ts > fails \| expected 1 to be 2/),
    'an error outside every test | late',
  ]);
  expect(skipped.map(({ name, why }) => `${name} | ${why ?? ''}`).sort()).toEqual([
    '[counted] mixed.counted.ts > a block > that never runs | ',
    '[counted] mixed.counted.ts > is not written | ',
    '[counted] mixed.counted.ts > is skipped (its reason) | ',
    '[counted] mixed.counted.ts > skips itself | no adapter',
  ]);
});
