import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { args, findChromium } from './scripts/chromium.mjs';
import { alias } from './vitest.shared.ts';

const executablePath = findChromium();

/** Runs browser/*.test.ts in a headless chromium with software WebGL2 and WebGPU. */
export const browser = mergeConfig(
  { resolve: { alias } },
  defineConfig({
    // Isolated pages share memory between threads, and have clocks that are less coarse.
    server: {
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
    test: {
      include: ['browser/**/*.test.ts'],
      testTimeout: 120_000,
      hookTimeout: 120_000,
      // One page at a time: software GPUs on two cores are slow enough alone.
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { ...(executablePath && { executablePath }), args },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  }),
);
