// Play, pause, step, reset; how far the training has come; the hyperparameters.
import {
  activations,
  batches,
  firstRates,
  initializers,
  keys,
  optimizers,
  rates,
  type Speed,
  seeds,
} from '../logic/config.ts';
import { choose, config, playing, reset, status, stepOnce, togglePlay } from '../state/store.ts';
import { Select } from './fields.tsx';
import { count, percent, short } from './format.ts';

const icons = {
  play: 'M8 5.5v13l11-6.5z',
  pause: 'M7 5h3.6v14H7zM13.4 5H17v14h-3.6z',
  step: 'M6 5.5v13l9-6.5zM16 5.5h2.6v13H16z',
  reset: 'M12 5a7 7 0 1 1-6.6 4.7l1.9.7A5 5 0 1 0 12 7v3L7 6l5-4z',
} as const;

const Icon = ({ name }: { name: keyof typeof icons }) => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d={icons[name]} />
  </svg>
);

interface ButtonProps {
  readonly icon: keyof typeof icons;
  readonly label: string;
  readonly class: string;
  readonly onClick: () => void;
}

const IconButton = ({ icon, label, ...rest }: ButtonProps) => (
  <button type="button" aria-label={label} title={label} {...rest}>
    <Icon name={icon} />
  </button>
);

function Transport() {
  return (
    <fieldset class="transport" aria-label="Training">
      <IconButton icon="reset" label="Reset" class="round" onClick={reset} />
      <IconButton
        icon={playing.value ? 'pause' : 'play'}
        label={playing.value ? 'Pause' : 'Play'}
        class="round primary"
        onClick={togglePlay}
      />
      <IconButton icon="step" label="Step" class="round" onClick={stepOnce} />
    </fieldset>
  );
}

const Figure = ({ name, value, id }: { name: string; value: string; id: string }) => (
  <div class="figure">
    <dt>{name}</dt>
    <dd data-figure={id}>{value}</dd>
  </div>
);

function Figures() {
  const { step, epoch, train, test } = status.value;
  const loss = (f: typeof train) => (f ? short(f.loss) : '–');
  return (
    <dl class="figures">
      <Figure name="Epoch" value={count(epoch)} id="epoch" />
      <Figure name="Step" value={count(step)} id="step" />
      <Figure name="Training loss" value={loss(train)} id="train-loss" />
      <Figure name="Test loss" value={loss(test)} id="test-loss" />
      <Figure name="Test accuracy" value={test ? percent(test.accuracy) : '–'} id="accuracy" />
    </dl>
  );
}

const speedTitles: readonly (readonly [Speed, string])[] = [
  ['slow', '1 step a frame'],
  ['normal', '10 steps a frame'],
  ['full', 'as fast as it can'],
];

function Hyperparameters() {
  const { optimizer, rate, activation, batch, init, seed, speed } = config.value;
  return (
    <fieldset class="hyper" aria-label="Hyperparameters">
      <Select
        label="Optimizer"
        value={optimizer}
        options={keys(optimizers).map((o) => [o, optimizers[o]])}
        onChoose={(optimizer) => choose({ optimizer, rate: firstRates[optimizer] })}
      />
      <Select
        label="Learning rate α"
        value={rate}
        options={rates.map((r) => [r, String(r)])}
        onChoose={(rate) => choose({ rate })}
      />
      <Select
        label="Hidden activation"
        value={activation}
        options={keys(activations).map((a) => [a, activations[a]])}
        onChoose={(activation) => choose({ activation })}
      />
      <Select
        label="Batch size"
        value={batch}
        options={batches.map((b) => [b, b === 0 ? 'all' : String(b)])}
        onChoose={(batch) => choose({ batch })}
      />
      <Select
        label="First weights"
        value={init}
        options={keys(initializers).map((i) => [i, initializers[i]])}
        onChoose={(init) => choose({ init })}
      />
      <div class="field seed">
        <label for="seed">Seed</label>
        <input
          id="seed"
          type="number"
          {...seeds}
          value={seed}
          onChange={(event) => choose({ seed: event.currentTarget.valueAsNumber })}
        />
      </div>
      <Select
        label="Speed"
        value={speed}
        options={speedTitles}
        onChoose={(speed) => choose({ speed })}
      />
    </fieldset>
  );
}

export function TopBar() {
  return (
    <>
      <div class="bar">
        <div class="brand">
          <span class="mark" aria-hidden="true">
            ∂
          </span>
          <h1>
            chainrule <span>playground</span>
          </h1>
        </div>
        <Transport />
        <Figures />
      </div>
      <Hyperparameters />
    </>
  );
}
