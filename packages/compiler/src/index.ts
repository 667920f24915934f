// The public entry point of @chainrule/compiler.
export { type CompileOptions, compile } from './compile.ts';
export type { DeviceKind, Refusal } from './device.ts';
export type { Feeds } from './feeds.ts';
export type { Held } from './held.ts';
export {
  type DeviceChoice,
  type DeviceRequest,
  type Loss,
  REQUESTS as DEVICES,
} from './placement/devices.ts';
export * from './placement/verify.ts';
export type { Program, Update } from './program.ts';
export type { KernelReport, Report } from './report.ts';
export type { Session, Tensor } from './session.ts';
