/**
 * From the text of a TagPack to its plain content.
 *
 * Two readers give the same answer. Nearly all packs are flat (header fields, then a list of short
 * maps) and are read by a loop over lines; whatever is not of that form goes through the `yaml`
 * package, which is some thirty times slower. A test compares the two on all real packs.
 */
import { readFlatYaml } from './flat-yaml.hot.ts';
import { readGeneralYaml } from './general-yaml.ts';
import type { RawPack } from './raw-pack.ts';

/**
 * Read the YAML text of a TagPack.
 *
 * @param text the file, decoded
 * @param file its name, for messages
 * @throws {ClewError} CLEW_TAGS_YAML, CLEW_TAGS_BOMB, CLEW_TAGS_FORMAT
 * @example readRawPack('title: x\ntags:\n- address: y\n', 'x.yaml').tags.length // 1
 */
export function readRawPack(text: string, file: string): RawPack {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text;
  return readFlatYaml(content) ?? readGeneralYaml(content, file);
}
