/* Where Plotly has put its plot areas. It tells so only in members of its own: they are read here and nowhere else. */

/* In px from the element's corner, null before it is drawn: the x axis as `left`, `width` and `x(ms)`;
   of each panel, from the first y axis on, `top`, `height` and `y(value)`. */
export function axesOf(element) {
  const { xaxis, yaxis, yaxis2, yaxis3 } = element._fullLayout ?? {};
  if (!xaxis) return null;
  return {
    left: xaxis._offset,
    width: xaxis._length,
    x: (ms) => xaxis._offset + xaxis.d2p(ms),
    panels: [yaxis, yaxis2, yaxis3].filter(Boolean).map((axis) => ({
      top: axis._offset,
      height: axis._length,
      y: (value) => axis._offset + axis.l2p(value),
    })),
  };
}
