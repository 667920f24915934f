// Which points are learned: the set, its noise, how many, and the part held back for testing.
import { useRef } from 'preact/hooks';
import { counts, noises, testParts } from '../logic/config.ts';
import {
  type DatasetName,
  datasetNames,
  datasets,
  drawPoints as pointsOf,
} from '../logic/datasets.ts';
import { choose, config } from '../state/store.ts';
import { clearedContext, drawPoints } from './canvas.ts';
import { Panel, Slider } from './fields.tsx';
import { useDraw } from './hooks.ts';
import { palette } from './theme.ts';

const SIDE = 56;

function Thumbnail({ name }: { name: DatasetName }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const context = ref.current && clearedContext(ref.current, SIDE);
    if (!context) return;
    const points = pointsOf(name, { count: 150, noise: 0.1, seed: 1 });
    const style = { palette: palette.value, radius: 1.5, rim: 'transparent' };
    drawPoints(context, SIDE, points, 'disc', style);
  }, [name]);
  return <canvas ref={ref} />;
}

function DatasetChoice({ name }: { name: DatasetName }) {
  return (
    <label class="dataset">
      <input
        type="radio"
        name="data"
        value={name}
        checked={config.value.data === name}
        onChange={() => choose({ data: name })}
      />
      <Thumbnail name={name} />
      <span>{datasets[name].title}</span>
    </label>
  );
}

export function DataPanel() {
  const { noise, count, test } = config.value;
  return (
    <Panel title="Data" class="data">
      <fieldset class="datasets">
        <legend class="hidden">Data set</legend>
        {datasetNames.map((name) => (
          <DatasetChoice key={name} name={name} />
        ))}
      </fieldset>
      <div class="sliders">
        <Slider
          label="Noise"
          value={noise}
          shown={noise.toFixed(2)}
          range={noises}
          onChoose={(noise) => choose({ noise })}
        />
        <Slider
          label="Points"
          value={count}
          shown={String(count)}
          range={counts}
          onChoose={(count) => choose({ count })}
        />
        <Slider
          label="For testing"
          value={test}
          shown={`${Math.round(100 * test)} %`}
          range={testParts}
          onChoose={(test) => choose({ test })}
        />
      </div>
    </Panel>
  );
}
