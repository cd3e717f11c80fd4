/** How errors and warnings look on stderr, for people and for programs. */
import { type ClewError, ERRORS, type ErrorFacts, type Problem } from '../errors.ts';
import { plainText } from './output.ts';

/** Facts as `name=value`, values with spaces in quotes. */
function factsLine(facts: ErrorFacts): string {
  return Object.entries(facts)
    .map(([name, value]) => {
      const text = plainText(String(value));
      return `${name}=${/[\s"]/.test(text) || text === '' ? JSON.stringify(text) : text}`;
    })
    .join(' ');
}

/**
 * The error as it is printed, with a line break at its end.
 *
 * @param json one line with an object `{"error": {code, message, facts, hint}}` instead of text
 * @param debug adds the stack, and that of the cause
 */
export function errorText(error: ClewError, json: boolean, debug = false): string {
  if (json) {
    const { code, message, facts, hint } = error;
    return `${JSON.stringify({ error: { code, message, facts, hint } })}\n`;
  }
  let text = `error ${error.code}: ${plainText(error.message)}\n`;
  if (Object.keys(error.facts).length > 0) text += `  ${factsLine(error.facts)}\n`;
  text += `  hint: ${error.hint}\n`;
  if (debug) text += `${error.stack ?? ''}\n`;
  if (debug && error.cause instanceof Error) text += `caused by ${error.cause.stack ?? ''}\n`;
  return text;
}

/** A problem that did not stop the work, in the same form as errors. */
export function warningText(problem: Problem, json: boolean): string {
  const { code, message, facts } = problem;
  if (json)
    return `${JSON.stringify({ warning: { code, message, facts, hint: ERRORS[code].hint } })}\n`;
  const where = Object.keys(facts).length > 0 ? ` (${factsLine(facts)})` : '';
  return `warning ${code}: ${plainText(message)}${where}\n`;
}
