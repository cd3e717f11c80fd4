/** Runs the bench named and prints its figures as JSON on the last line. */
import type { BenchFigure } from './figure.ts';

const name = process.argv[2]!;
const bench = (await import(`./${name}.bench.ts`)) as {
  run(): BenchFigure[] | Promise<BenchFigure[]>;
};
process.stdout.write(`\n${JSON.stringify(await bench.run())}\n`);
