// The point clouds that can be learned. Pure: the same seed gives the same points. No DOM.
import { createRandom, type Random } from '@chainrule/graph';

/** A point of the plane and its class, 0 or 1. */
export interface Point {
  readonly x1: number;
  readonly x2: number;
  readonly label: number;
}

/** The plane is shown from -EXTENT to EXTENT in both directions. */
export const EXTENT = 5;

type Draw = (random: Random, perClass: number, noise: number) => Point[];

const bothClasses = (perClass: number, point: (label: number, i: number) => Point): Point[] =>
  [0, 1].flatMap((label) => Array.from({ length: perClass }, (_, i) => point(label, i)));

const scattered = (
  random: Random,
  noise: number,
  x1: number,
  x2: number,
  label: number,
): Point => ({ x1: x1 + noise * random.normal(), x2: x2 + noise * random.normal(), label });

/** A disc within a ring. */
const circles: Draw = (random, perClass, noise) =>
  bothClasses(perClass, (label) => {
    const radius = label === 1 ? 1.9 * Math.sqrt(random.uniform()) : 3 + 1.2 * random.uniform();
    const angle = 2 * Math.PI * random.uniform();
    return scattered(random, noise, radius * Math.cos(angle), radius * Math.sin(angle), label);
  });

/** Exclusive or: the quadrants in which x1 and x2 have the same sign are class 1. */
const quadrants: Draw = (random, perClass, noise) =>
  bothClasses(perClass, (label, i) => {
    const x1 = (0.4 + 3.6 * random.uniform()) * (i % 2 === 0 ? 1 : -1);
    const x2 = (0.4 + 3.6 * random.uniform()) * Math.sign(x1) * (label === 1 ? 1 : -1);
    return scattered(random, noise, x1, x2, label);
  });

/** Two round clouds; the noise widens them. */
const gaussians: Draw = (random, perClass, noise) =>
  bothClasses(perClass, (label) => {
    const centre = label === 1 ? 1.8 : -1.8;
    return scattered(random, 0.6 + 1.5 * noise, centre, centre, label);
  });

/** Two arms of a turn and a quarter, half a turn apart. */
const spirals: Draw = (random, perClass, noise) =>
  bothClasses(perClass, (label, i) => {
    const part = i / perClass;
    const angle = 2.5 * Math.PI * part + Math.PI * label;
    const radius = 0.3 + 4.1 * part;
    return scattered(
      random,
      0.8 * noise,
      radius * Math.sin(angle),
      radius * Math.cos(angle),
      label,
    );
  });

/** The planar flower of the course: r = 4 sin(4 t), with noise on the angle and on the radius. */
const flower: Draw = (random, perClass, noise) =>
  bothClasses(perClass, (label, i) => {
    const sweep = perClass > 1 ? i / (perClass - 1) : 0;
    const angle = 3.12 * (label + sweep) + noise * random.normal();
    const radius = 4 * Math.sin(4 * angle) + noise * random.normal();
    return { x1: radius * Math.sin(angle), x2: radius * Math.cos(angle), label };
  });

/** Every data set: its name for people, and how it is drawn. */
export const datasets = {
  circles: { title: 'Circles', draw: circles },
  xor: { title: 'Exclusive or', draw: quadrants },
  gaussians: { title: 'Two Gaussians', draw: gaussians },
  spirals: { title: 'Two spirals', draw: spirals },
  flower: { title: 'Planar flower', draw: flower },
} as const satisfies Record<string, { title: string; draw: Draw }>;

export type DatasetName = keyof typeof datasets;
export const datasetNames = Object.keys(datasets) as readonly DatasetName[];

/** Points of one data set, both classes equally often. */
export const drawPoints = (
  name: DatasetName,
  { count, noise, seed }: { count: number; noise: number; seed: number },
): Point[] => datasets[name].draw(createRandom(seed), Math.floor(count / 2), noise);
