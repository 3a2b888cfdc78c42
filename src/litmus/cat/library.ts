/**
 * What herd brings in its own library directory and memory models include by name. A file of that name beside
 * the memory model comes first. Written for this project; only the names and what they mean are herd's.
 */
const COHERENCE = `
let generate-orders(writes, pco) =
  cross (map (fun ws -> linearisations(ws, pco)) (classes-loc writes))
let generate_orders = generate-orders
let generate-cos(pco) = generate-orders(W, pco)
let generate_cos = generate-cos
with co from generate-cos(co0)
let coe = co & ext
let coi = co & int
let fr = rf^-1 ; co \\ id
let fre = fr & ext
let fri = fr & int
`;

const FILTERS = `
let RR(r) = r & (R * R)
let RW(r) = r & (R * W)
let RM(r) = r & (R * M)
let WR(r) = r & (W * R)
let WW(r) = r & (W * W)
let WM(r) = r & (W * M)
let MR(r) = r & (M * R)
let MW(r) = r & (M * W)
let MM(r) = r & (M * M)
let AA(r) = r & (A * A)
let AM(r) = r & (A * M)
let MA(r) = r & (M * A)
let noid(r) = r \\ id
let atom(r) = r & (A * A)
`;

const X86_FENCES = `
let mfence = fencerel(MFENCE)
let sfence = fencerel(SFENCE)
let lfence = fencerel(LFENCE)
`;

export const LIBRARY: ReadonlyMap<string, string> = new Map([
  ['stdlib.cat', ''],
  ['cross.cat', ''],
  ['cos.cat', COHERENCE],
  ['cos-opt.cat', COHERENCE],
  ['cos-no-opt.cat', COHERENCE],
  ['filters.cat', FILTERS],
  ['x86fences.cat', X86_FENCES],
  ['fences.cat', X86_FENCES],
]);
