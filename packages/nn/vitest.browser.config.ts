import { mergeConfig } from 'vitest/config';
import { browser } from '../../vitest.browser.shared.ts';

export default mergeConfig(browser, {
  test: { name: 'nn:browser' },
  // CommonJS, and imported only when asked for: found late, it would reload the page mid-test.
  optimizeDeps: { include: ['gpu.js'] },
});
