// A page of its own, under a strict policy: runs a step on a device, and tells the page around it.
import { add, matmul, param } from '@chainrule/graph';
import { compile, type DeviceRequest } from '../../src/index.ts';

/** What the page reports: parameters after some steps, and why they ran there; or the error. */
export type Outcome =
  | { readonly values: readonly number[]; readonly why: string }
  | { readonly error: string };

/** Counts for so long that it goes on in the background, if that is allowed. */
async function count(device: DeviceRequest) {
  const n = param({ name: 'n' });
  const program = { updates: [{ param: n, value: add(n, 1) }] };
  using session = await compile(program, { device });
  for (let i = 0; i < 3; i++) await session.steps(5e6, {});
  const [total] = (await session.read('n')).data;
  using another = await compile(program, { device });
  return { total: total!, why: another.device.why };
}

async function run(device: DeviceRequest): Promise<Outcome> {
  const R = param(2, 2, { name: 'R' });
  try {
    using session = await compile({ updates: [{ param: R, value: matmul(R, R) }] }, { device });
    session.write('R', [1, 1, 0, 1]);
    await session.steps(2, {});
    const { total, why } = await count(device);
    return { values: [...(await session.read('R')).data, total], why };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const device = window.name as DeviceRequest;
parent.postMessage(await run(device), '*');
