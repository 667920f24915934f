// Reads the instructions and types of a WebAssembly module by the format's own description, and
// knows nothing of how we write one.

/** A place in bytes. */
interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function unsigned(from: Reader): number {
  let [value, factor] = [0, 1];
  for (;;) {
    const byte = from.bytes[from.at++]!;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
}

/** Goes behind what follows an opcode. */
function skipImmediates(from: Reader, op: number): void {
  const numbers = (count: number): void => {
    for (let i = 0; i < count; i++) unsigned(from);
  };
  // Blocks without results, branches, calls, locals and integers; addresses; floats.
  if (op >= 0x02 && op <= 0x04) from.at++;
  else if ([0x0c, 0x0d, 0x10, 0x20, 0x21, 0x22, 0x41, 0x42].includes(op)) numbers(1);
  else if (op >= 0x28 && op <= 0x3e) numbers(2);
  else if (op === 0x43 || op === 0x44) from.at += op === 0x43 ? 4 : 8;
  else if (op === 0xfc) numbers(1);
  else if (op === 0xfe) numbers(3);
  else if (op > 0xc4 || (op > 0x1b && op < 0x45)) throw new Error(`opcode ${op}`);
}

/** What a module is made of: the types that it names, and the first byte of each instruction. */
export function readModule(bytes: Uint8Array): { types: Set<number>; opcodes: number[] } {
  const from: Reader = { bytes, at: 8 };
  const types = new Set<number>();
  const opcodes: number[] = [];
  const list = (each: () => void): void => {
    for (let left = unsigned(from); left > 0; left--) each();
  };
  const type = (): void => void types.add(bytes[from.at++]!);
  const func = (): void => {
    const end = unsigned(from) + from.at;
    list(() => {
      unsigned(from);
      type();
    });
    while (from.at < end) {
      const op = bytes[from.at++]!;
      opcodes.push(op);
      // Instructions over vectors have many forms: that there is one is all that is asked.
      if (op === 0xfd) from.at = end;
      else skipImmediates(from, op);
    }
    if (from.at !== end) throw new Error('an instruction ends behind its function');
  };
  while (from.at < bytes.length) {
    const section = bytes[from.at++]!;
    const end = unsigned(from) + from.at;
    if (section === 1) {
      list(() => {
        from.at++;
        list(type);
        list(type);
      });
    }
    if (section === 10) list(func);
    from.at = end;
  }
  return { types, opcodes };
}
