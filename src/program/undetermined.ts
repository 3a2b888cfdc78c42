/**
 * Stands for a value that nothing determines: one that LKMM lets accesses copy around a cycle and that is written
 * nowhere else. It equals no value that a program works with.
 */
export const UNDETERMINED = 0x7a1e_c0de;
