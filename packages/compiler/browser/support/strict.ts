// A page of its own, under a strict policy: runs a step on a device, and tells the page around it.
import { matmul, param } from '@chainrule/graph';
import { compile, type DeviceRequest } from '../../src/index.ts';

/** What the page reports: the parameter after two steps, or the error. */
export type Outcome = { readonly values: readonly number[] } | { readonly error: string };

async function run(device: DeviceRequest): Promise<Outcome> {
  const R = param(2, 2, { name: 'R' });
  try {
    using session = await compile({ updates: [{ param: R, value: matmul(R, R) }] }, { device });
    session.write('R', [1, 1, 0, 1]);
    await session.steps(2, {});
    return { values: [...(await session.read('R')).data] };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const device = window.name as DeviceRequest;
parent.postMessage(await run(device), '*');
