// What is counted of WebGPU.
import { type Call, each, type Hooks, type LiveThings, partBytes, type Totals } from './hooks.ts';

/** Of GPUMapMode. */
const READ = 1;

/** After the functions of WebGPU, by the name of their constructor. */
export function webGpuHooks(totals: Totals, live: LiveThings): Readonly<Record<string, Hooks>> {
  const mapped = new WeakMap<object, 'read' | 'upload'>();
  const upload = (bytes: number) => {
    totals.uploads++;
    totals.uploaded += bytes;
  };
  const dispatch = () => {
    totals.dispatches.webgpu++;
  };
  const program = () => {
    totals.programs++;
  };
  const copy = () => {
    totals.copies++;
  };
  const freed = ({ self }: Call) => live.freed(self);
  const copies = ['copyBufferToBuffer', 'copyBufferToTexture', 'copyTextureToBuffer'];
  return {
    GPUQueue: {
      submit: () => totals.submits++,
      writeBuffer: ({ args }) => {
        const [, , data, offset, size] = args as [unknown, number, unknown, number, number];
        upload(partBytes(data, offset, size));
      },
      writeTexture: ({ args }) => upload(partBytes(args[1])),
    },
    GPUComputePassEncoder: each(['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'], dispatch),
    GPURenderPassEncoder: each(['draw', 'drawIndexed', 'drawIndirect'], dispatch),
    GPUCommandEncoder: each([...copies, 'copyTextureToTexture'], copy),
    GPUDevice: {
      ...each(
        ['createComputePipeline', 'createComputePipelineAsync', 'createRenderPipeline'],
        program,
      ),
      createBuffer: ({ args, result }) => {
        const { size, mappedAtCreation } = args[0] as GPUBufferDescriptor;
        live.made('buffers', result, size);
        if (mappedAtCreation) mapped.set(result as object, 'upload');
      },
      createTexture: ({ result }) => live.made('textures', result),
    },
    GPUBuffer: {
      destroy: freed,
      mapAsync: ({ self, args }) => void mapped.set(self, args[0] === READ ? 'read' : 'upload'),
      getMappedRange: ({ self, result }) => {
        const { byteLength } = result as ArrayBuffer;
        if (mapped.get(self) === 'upload') return upload(byteLength);
        totals.reads++;
        totals.read += byteLength;
      },
    },
    GPUTexture: { destroy: freed },
  };
}
