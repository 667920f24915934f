import { defineConfig, type Plugin } from 'vite';
import { alias } from '../../vitest.shared.ts';

/**
 * Only the page's own files, and no network at all. The js device compiles text (unsafe-eval);
 * uPlot and the typesetter need nothing more.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval'",
  'worker-src blob:',
  "style-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** With these the page's threads share memory: steps then run on all processors, in workers. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Into the built page only: `vite dev` reloads over a socket and adds styles as it goes. */
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig(({ command, isPreview }) => ({
  base: './',
  plugins: [contentSecurityPolicy],
  // `vite dev` reads the packages' sources; the built page uses what they publish.
  resolve: { alias: command === 'serve' && !isPreview ? alias : [], dedupe: ['preact'] },
  // gpu.js is CommonJS and imported only when asked for: found late, it would reload the page.
  optimizeDeps: { include: ['gpu.js'] },
  build: { target: 'es2022', sourcemap: true },
  server: { host: '127.0.0.1', headers },
  preview: { host: '127.0.0.1', headers },
}));
