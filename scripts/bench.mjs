#!/usr/bin/env node
// Measures: builds the packages, as their users get them, and runs bench/src/bench.ts with the
// arguments given.
import { existsSync } from 'node:fs';
import { build, fail, root, run } from './run.mjs';
import { setup } from './setup.mjs';

const main = `${root}bench/src/bench.ts`;
const args = process.argv.slice(2);
await setup({ browser: args.includes('gpu') });
if (!existsSync(main)) fail('bench: bench/src/bench.ts is not written yet');
if (build('@chainrule/bench^...') !== 0) fail('bench: the build failed, see above');
// Else tsx follows the paths of the nearest configuration to the packages' sources.
const env = { TSX_TSCONFIG_PATH: `${root}bench/tsconfig.run.json` };
// Garbage is collected between those who are compared: see bench/src/peers/peers.ts.
const node = ['--expose-gc', '--import', 'tsx', main, ...args];
process.exitCode = run(process.execPath, node, { env, stdout: 'inherit' });
