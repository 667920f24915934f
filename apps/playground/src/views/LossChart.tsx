// The loss over training and test points, drawn by uPlot.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { css } from '../logic/palette.ts';
import { history, status } from '../state/store.ts';
import { short } from './format.ts';
import { useDraw, useWidth } from './hooks.ts';
import { palette, theme } from './theme.ts';

const HEIGHT = 150;

function options(width: number): uPlot.Options {
  const dark = theme.value === 'dark';
  const ink = dark ? '#a3aebf' : '#566175';
  const grid = { stroke: dark ? '#252c3a' : '#e9ecf1', width: 1 };
  const font = '11px system-ui, sans-serif';
  const axis = { stroke: ink, grid, ticks: { show: false }, font };
  const { positive, negative } = palette.value;
  return {
    width,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(0.1, max * 1.05)] } },
    axes: [
      { ...axis, size: 22, gap: 2, space: 60 },
      { ...axis, size: 36, gap: 4, space: 30 },
    ],
    series: [
      {},
      { label: 'training', stroke: css(positive), width: 1.75, points: { show: false } },
      {
        label: 'test',
        stroke: css(negative),
        width: 1.75,
        dash: [5, 4],
        points: { show: false },
      },
    ],
  };
}

const columns = (): uPlot.AlignedData => [
  history.value.map(({ step }) => step),
  history.value.map(({ train }) => train),
  history.value.map(({ test }) => test),
];

export function LossChart() {
  const { ref, width } = useWidth<HTMLDivElement>(320);
  const chart = useRef<uPlot>(undefined);
  const mode = theme.value;
  useEffect(() => {
    if (!ref.current) return;
    chart.current = new uPlot(options(width), columns(), ref.current);
    return () => chart.current?.destroy();
    // A new theme or width is a new chart; the data come through the effect below.
  }, [mode, width]);
  useDraw(() => chart.current?.setData(columns()), [mode, width]);
  const { train, test, step } = status.value;
  const now =
    train && test
      ? `Loss after ${step} steps: training ${short(train.loss)}, test ${short(test.loss)}`
      : 'Loss';
  return (
    <figure class="loss">
      <figcaption>
        Loss by step
        <span class="key train">training</span>
        <span class="key test">test</span>
      </figcaption>
      <div ref={ref} role="img" aria-label={now} />
    </figure>
  );
}
