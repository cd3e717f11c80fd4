import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeHtml, html, trustedMarkup } from './html.ts';

test('whatever is put into a template is text', () => {
  const label = `<script>alert("x")</script> & 'y' \`z\``;
  assert.equal(
    html`<td title="${label}">${label}</td>`.markup,
    '<td title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39; &#96;z&#96;">' +
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39; &#96;z&#96;</td>',
  );
});

test('pieces of templates and lists of them go in as they are', () => {
  const items = ['a<', 'b'].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<ul>${items}</ul>`.markup, '<ul><li>a&lt;</li><li>b</li></ul>');
  assert.equal(html`${trustedMarkup('<br>')}`.markup, '<br>');
});

test('nothing is shown for what is not there, but zero is', () => {
  assert.equal(html`[${undefined}${null}${false}${0}${0n}]`.markup, '[00]');
});

test('an object that only looks like markup is refused by its class', () => {
  const forged = { markup: '<script>', toString: () => '<script>' };
  assert.throws(() => html`${forged as never}`, TypeError);
});

test('control characters and lone surrogates do not reach the page', () => {
  assert.equal(escapeHtml('a\u0000\u001b\u0085b\ud800c\tд\n'), 'a\ufffd\ufffd\ufffdb\ufffdc\tд\n');
});
