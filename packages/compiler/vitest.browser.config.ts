import { mergeConfig } from 'vitest/config';
import { browser } from '../../vitest.browser.shared.ts';

export default mergeConfig(browser, {
  test: { name: 'compiler:browser' },
  // CommonJS, and imported only when asked for: found late, it would reload the page mid-test.
  optimizeDeps: { include: ['gpu.js'] },
});
