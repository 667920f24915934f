#!/usr/bin/env node
// Builds the playground and serves it. vite prints the address and takes the arguments:
//   npm run playground -- --port 8080
import { build, fail, root, tool } from './run.mjs';
import { setup } from './setup.mjs';

await setup({ browser: false });
if (build('@chainrule/playground...') !== 0) fail('playground: the build failed, see above');
process.exitCode = tool('vite', ['preview', ...process.argv.slice(2)], {
  cwd: `${root}apps/playground`,
  stdout: 'inherit',
});
