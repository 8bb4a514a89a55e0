// Stands in for what only drawing uses: katex, roughjs, cytoscape and its layouts, elkjs.
const notForParsing = () => {
  throw new Error("this bundle parses; it does not draw");
};
notForParsing.use = () => {};
notForParsing.extend = () => {};

export default notForParsing;
