/* Where Plotly has put its plot areas. It tells so only in members of its own: they are read here and nowhere else. */

/**
 * Null before it is drawn; panels from the first y axis on.
 * @param {PlotElement} element
 * @returns {PlotAxes | null}
 */
export function axesOf(element) {
  const { xaxis, yaxis, yaxis2, yaxis3 } = element._fullLayout ?? {};
  if (!xaxis) return null;
  return {
    left: xaxis._offset,
    width: xaxis._length,
    x: (ms) => xaxis._offset + xaxis.d2p(ms),
    panels: [yaxis, yaxis2, yaxis3].filter((axis) => axis !== undefined).map((axis) => ({
      top: axis._offset,
      height: axis._length,
      y: (value) => axis._offset + axis.l2p(value),
    })),
  };
}
