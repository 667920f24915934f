import { defineConfig } from 'vite';
import { alias } from '../../vitest.shared.ts';

export default defineConfig(({ command, isPreview }) => ({
  base: './',
  // `vite dev` reads the packages' sources; the built page uses what they publish.
  resolve: { alias: command === 'serve' && !isPreview ? alias : [], dedupe: ['preact'] },
  // gpu.js is CommonJS and imported only when asked for: found late, it would reload the page.
  optimizeDeps: { include: ['gpu.js'] },
  build: { target: 'es2022', sourcemap: true },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
}));
