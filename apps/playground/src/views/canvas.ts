// Draws maps, boundaries and points on canvases. It knows values and colours, not the net.
import { EXTENT, type Point } from '../logic/datasets.ts';
import { GRID, type Segment } from '../logic/grid.ts';
import { css, type Palette, paint } from '../logic/palette.ts';

const images = new WeakMap<HTMLCanvasElement, ImageData>();

/** Shows a map at one pixel a cell; the style of the canvas scales it. */
export function drawMap(canvas: HTMLCanvasElement, values: Float32Array, table: Uint32Array) {
  if (canvas.width !== GRID) {
    canvas.width = GRID;
    canvas.height = GRID;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = images.get(canvas) ?? context.createImageData(GRID, GRID);
  images.set(canvas, image);
  paint(values, table, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

/** A cleared context in which one unit is one CSS pixel. */
export function clearedContext(canvas: HTMLCanvasElement, width: number, height = width) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** The line of a boundary given in cells. */
export function drawSegments(
  canvas: HTMLCanvasElement,
  side: number,
  segments: readonly Segment[],
  colour: string,
) {
  const context = clearedContext(canvas, side);
  if (!context) return;
  const at = (cell: number) => ((cell + 0.5) / GRID) * side;
  context.beginPath();
  for (const [x1, y1, x2, y2] of segments) {
    context.moveTo(at(x1), at(y1));
    context.lineTo(at(x2), at(y2));
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.75;
  context.lineCap = 'round';
  context.stroke();
}

export interface PointStyle {
  readonly palette: Palette;
  readonly radius: number;
  readonly rim: string;
}

type Shape = 'disc' | 'diamond';

/** Points of the plane; training points are discs, test points are diamonds. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  side: number,
  points: readonly Point[],
  shape: Shape,
  { palette, radius, rim }: PointStyle,
) {
  const scale = side / (2 * EXTENT);
  context.lineWidth = radius > 2 ? 1 : 0.5;
  for (const { x1, x2, label } of points) {
    const [x, y] = [(x1 + EXTENT) * scale, (EXTENT - x2) * scale];
    context.beginPath();
    if (shape === 'disc') context.arc(x, y, radius, 0, 2 * Math.PI);
    else trace(context, x, y, radius * 1.35);
    context.fillStyle = css(label === 1 ? palette.positive : palette.negative);
    context.fill();
    context.strokeStyle = rim;
    context.stroke();
  }
}

function trace(context: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.closePath();
}
