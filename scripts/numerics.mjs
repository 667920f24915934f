#!/usr/bin/env node
// Compares chainrule's numbers with those of other libraries: builds the packages, as their users
// get them, and runs bench/src/numerics.ts, which writes docs/numerics.md and docs/accuracy.md.
import { build, fail, root, tool } from './run.mjs';
import { setup } from './setup.mjs';

await setup({ browser: false });
if (build('@chainrule/bench^...') !== 0) fail('numerics: the build failed, see above');
process.exitCode = tool('tsx', [`${root}bench/src/numerics.ts`], { stdout: 'inherit' });
