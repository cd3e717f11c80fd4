/**
 * The little of a browser's own types that functions sent into a page use.
 *
 * The project is checked without the DOM library, so that no server code leans on a browser by accident. A test that
 * runs code in a page declares the globals it uses with these: `declare const document: PageDocument;`.
 */
export interface PageElement {
  readonly tagName: string;
  readonly outerHTML: string;
  readonly caption: PageElement | null;
  readonly style: { color: string };
  readonly clientWidth: number;
  readonly scrollWidth: number;
  readonly lang: string;
  open: boolean;
  appendChild(child: PageElement): PageElement;
  checkVisibility(): boolean;
  closest(selector: string): PageElement | null;
  getBoundingClientRect(): { readonly right: number };
}

export interface PageDocument {
  readonly body: PageElement;
  readonly documentElement: PageElement;
  createElement(name: string): PageElement;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement> & { readonly length: number };
}

export type ComputedStyleOf = (element: PageElement) => {
  readonly color: string;
  readonly fontSize: string;
  getPropertyValue(name: string): string;
};
