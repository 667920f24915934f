// What one core can do at most: products and sums of registers alone, in the same instruction set
// as the wasm device. The limit beside which its figures are read.

/**
 * A module whose `peak(n)` does n turns of six f32x4 additions and six multiplications that do not
 * wait for each other: s1 += a; p1 *= b; s2 += a; ... in twelve registers.
 */
const SIMD =
  'AGFzbQEAAAABBQFgAX8AAg8BA2VudgZtZW1vcnkCAAEDAgEABwgBBHBlYWsAAArmAQHjAQEOe/0Md75/P3e+fz93vn8/' +
  'd75/PyEN/QzFIIA/xSCAP8UggD/FIIA/IQ4DQCABIA395AEhASAHIA795gEhByACIA395AEhAiAIIA795gEhCCADIA39' +
  '5AEhAyAJIA795gEhCSAEIA395AEhBCAKIA795gEhCiAFIA395AEhBSALIA795gEhCyAGIA395AEhBiAMIA795gEhDCAA' +
  'QQFrIgANAAtBECABIAL95AEgA/3kASAE/eQBIAX95AEgBv3kASAH/eQBIAj95AEgCf3kASAK/eQBIAv95AEgDP3kAf0L' +
  'AgAL';
/** The same with twelve relaxed multiply-adds: s1 = x y + s1; s2 = x y + s2; ... */
const RELAXED =
  'AGFzbQEAAAABBQFgAX8AAg8BA2VudgZtZW1vcnkCAAEDAgEABwgBBHBlYWsAAAruAwHrAwEOe/0MCACAPwgAgD8IAIA/' +
  'CACAPyEN/Qx3vn8/d75/P3e+fz93vn8/IQ79DAAAgD8AAIA/AACAPwAAgD8hAf0MAAAAQAAAAEAAAABAAAAAQCEC/QwA' +
  'AEBAAABAQAAAQEAAAEBAIQP9DAAAgEAAAIBAAACAQAAAgEAhBP0MAACgQAAAoEAAAKBAAACgQCEF/QwAAMBAAADAQAAA' +
  'wEAAAMBAIQb9DAAA4EAAAOBAAADgQAAA4EAhB/0MAAAAQQAAAEEAAABBAAAAQSEI/QwAABBBAAAQQQAAEEEAABBBIQn9' +
  'DAAAIEEAACBBAAAgQQAAIEEhCv0MAAAwQQAAMEEAADBBAAAwQSEL/QwAAEBBAABAQQAAQEEAAEBBIQwDQCANIA4gAf2F' +
  'AiEBIA0gDiAC/YUCIQIgDSAOIAP9hQIhAyANIA4gBP2FAiEEIA0gDiAF/YUCIQUgDSAOIAb9hQIhBiANIA4gB/2FAiEH' +
  'IA0gDiAI/YUCIQggDSAOIAn9hQIhCSANIA4gCv2FAiEKIA0gDiAL/YUCIQsgDSAOIAz9hQIhDCAAQQFrIgANAAtBECAB' +
  'IAL95AEgA/3kASAE/eQBIAX95AEgBv3kASAH/eQBIAj95AEgCf3kASAK/eQBIAv95AEgDP3kAf0LAgAL';
/** Some 60 ms. */
const TURNS = 30_000_000;
/** Shorter runs, until the engine has its best code. */
const WARM_RUNS = 40;

const decoded = (module: string) => Uint8Array.from(atob(module), (c) => c.charCodeAt(0));

/**
 * Gives a function that measures the GFLOP/s of f32x4 multiplications and additions on one core
 * now, in one instruction if there is one.
 */
export async function openPeak(): Promise<() => number> {
  const relaxed = decoded(RELAXED);
  const isRelaxed = WebAssembly.validate(relaxed);
  const bytes = isRelaxed ? relaxed : decoded(SIMD);
  const flopsPerTurn = (isRelaxed ? 24 : 12) * 4;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const peak = instance.exports['peak'] as (turns: number) => void;
  for (let run = 0; run < WARM_RUNS; run++) {
    peak(TURNS / 100);
    // Better code is made in the background.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return () => {
    const start = performance.now();
    peak(TURNS);
    return (flopsPerTurn * TURNS) / (performance.now() - start) / 1e6;
  };
}
