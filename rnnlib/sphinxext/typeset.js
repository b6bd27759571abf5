// Loaded once into a bare V8 after MathJax's own parts: `typeset(tex, display)` returns HTML, `stylesheet()` the CSS
// that everything typeset since the last `newPage()` needs.
const { mathjax } = MathJax._.mathjax;
const { TeX } = MathJax._.input.tex_ts;
const { CHTML } = MathJax._.output.chtml_ts;
const { TeXFont } = MathJax._.output.chtml.fonts.tex_ts;
const adaptor = MathJax._.adaptors.liteAdaptor.liteAdaptor();
MathJax._.a11y["assistive-mml"].AssistiveMmlHandler(MathJax._.handlers.html_ts.RegisterHTMLHandler(adaptor));

const PACKAGES = ["base", "ams", "newcommand", "boldsymbol", "textmacros", "color"];
const METRICS = { em: 16, ex: 7, containerWidth: 1280 }; // `ex` only sets the scale of the maths to the text

function refuse(jax, error) {
  throw new Error(error.message);
}

let output, page;

function newPage() {
  output = new CHTML({ font: new TeXFont(), fontURL: "fonts" });
  page = mathjax.document("", { InputJax: new TeX({ packages: PACKAGES, formatError: refuse }), OutputJax: output });
}

function typeset(tex, display) {
  return adaptor.outerHTML(page.convert(tex, { ...METRICS, display }));
}

function stylesheet() {
  return adaptor.textContent(output.styleSheet(page));
}
