// What `npm run quickstart` runs: two models trained from real data, and the mathematics shown.
import { ChainruleError } from '@chainrule/graph';
import { ArgumentError, readArguments, type Settings, usage } from './arguments.ts';
import { createDisplay } from './display.ts';
import { trainLogistic } from './logistic.ts';
import { trainNetwork } from './network.ts';
import { provideWebGpu } from './node-webgpu.ts';
import { type Outcome, summary } from './outcome.ts';

async function main(args: readonly string[]): Promise<void> {
  const settings = readArguments(args);
  if (settings.help) return console.log(usage);
  if (settings.device === 'webgpu' || settings.device === 'gpu') await provideGpu(settings);

  const display = createDisplay(settings.json);
  const logistic = await trainLogistic(settings, display);
  display.say(summary(logistic));
  const mnist = await trainNetwork(settings, display);
  display.say(summary(mnist));
  if (!settings.json) return;
  const gradient = { tex: logistic.gradientTex };
  console.log(JSON.stringify({ logistic: figures(logistic), mnist: figures(mnist), gradient }));
}

/** `gpu` means any: where there is no WebGPU, the compiler says so and tries the next. */
async function provideGpu({ device }: Settings): Promise<void> {
  await provideWebGpu().catch((error: unknown) => {
    if (device === 'webgpu') throw error;
  });
}

const figures = ({ accuracy, loss, kernelsPerStep, device }: Outcome) => ({
  accuracy,
  loss,
  kernelsPerStep,
  device: device.kind,
});

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = error instanceof ArgumentError || error instanceof ChainruleError;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
});
