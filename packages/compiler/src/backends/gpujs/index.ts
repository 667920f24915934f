// The door to the gpu.js backend: everything behind it is loaded only when a GPU is asked for.
export { openGpu } from './device.ts';
export { loadGpujs } from './load.ts';
export { probeGpu } from './probe.ts';
