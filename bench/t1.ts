import { compile } from '@chainrule/compiler';
import { sgd, train } from '@chainrule/nn';
import { digits, yesOrNo } from './src/programs.ts';
const all = { mnist: digits([256,128],128), deep: yesOrNo([12288, 20, 7, 5, 1], 209, 'relu'), logi: yesOrNo([12288,1],209,'relu'), planar: yesOrNo([2,4,1],400,'tanh'), wide: yesOrNo([1024,1024,1024,1024,1024,1],256,'relu')};
const names = process.argv[2] ? process.argv[2].split(',') : Object.keys(all);
for (const name of names) { const item = all[name];
  const runs = [];
  for (const threads of [1, 2]) {
    const run = await compile(train(item.J, sgd(0.01)), { sizes: item.sizes, device: 'wasm', threads });
    runs.push(run); run.step(item.feeds); run.step(item.feeds);
  }
  await new Promise(r=>setTimeout(r,200));
  const n = name==='planar'? 20000: name === 'logi' ? 600 : name==='wide' ? 8 : 100;
  const out = [[],[]];
  for (let k=0;k<7;k++) for (const i of [0,1]) {
    const run = runs[i];
    const t = performance.now();
    await run.steps(n, item.feeds);
    out[i].push(((performance.now()-t)/n*1000));
  }
  const med = (a) => a.toSorted((x,y)=>x-y)[3]; const min=(a)=>Math.min(...a);
  console.log(name, 'us med', med(out[0]).toFixed(1), med(out[1]).toFixed(1), (med(out[0])/med(out[1])).toFixed(2), 'min', min(out[0]).toFixed(1), min(out[1]).toFixed(1), (min(out[0])/min(out[1])).toFixed(2));
}
