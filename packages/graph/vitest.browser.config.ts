import { mergeConfig } from 'vitest/config';
import { browser } from '../../vitest.browser.shared.ts';

export default mergeConfig(browser, { test: { name: 'graph:browser' } });
