// One step of logistic regression as one writes it by hand, for comparison.
import type { Case } from './programs.ts';

/** Gives a function that takes one step of gradient descent, and the weights it changes. */
export function byHand({ sizes, feeds: { X, Y } }: Case, alpha: number) {
  const { n, m } = sizes as { n: number; m: number };
  const w = new Float32Array(n);
  const dZ = new Float32Array(m);
  let b = 0;
  const step = () => {
    dZ.fill(b);
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) dZ[j]! += w[i]! * X[i * m + j]!;
    let db = 0;
    for (let j = 0; j < m; j++) {
      dZ[j] = 1 / (1 + Math.exp(-dZ[j]!)) - Y[j]!;
      db += dZ[j]!;
    }
    for (let i = 0; i < n; i++) {
      let dw = 0;
      for (let j = 0; j < m; j++) dw += X[i * m + j]! * dZ[j]!;
      w[i]! -= (alpha * dw) / m;
    }
    b -= (alpha * db) / m;
  };
  return { step, w };
}
