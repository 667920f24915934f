#!/usr/bin/env node
// Trains the first example: installs and builds what it needs, then runs it with the arguments.
// Only the example writes to stdout. npm's own banner does too, unless it is told `--silent`:
//   npm run --silent quickstart -- --json
import { build, fail, root, tool } from './run.mjs';
import { setup } from './setup.mjs';

const args = process.argv.slice(2);
// `npm run quickstart --json`, the two dashes forgotten: npm keeps its banner off stdout then.
if (process.env['npm_config_json'] === 'true' && !args.includes('--json')) args.push('--json');

await setup({ browser: false });
if (build('@chainrule/examples^...') !== 0) fail('quickstart: the build failed, see above');
const settings = ['--tsconfig', `${root}examples/tsconfig.built.json`];
process.exitCode = tool('tsx', [...settings, `${root}examples/src/quickstart.ts`, ...args], {
  stdout: 'inherit',
});
