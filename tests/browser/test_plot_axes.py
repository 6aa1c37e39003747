"""What we read of Plotly's own members still says where it draws: an upgrade that moves them fails here."""

import pytest
from django.templatetags.static import static
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]

# Draws two panels with points, and returns for each point and panel where Plotly put it and where our axes say it is.
PLACES = """async (address) => {
    const { Plot } = await import(address);
    const host = document.createElement("div");
    Object.assign(host.style, { position: "fixed", inset: "0 auto auto 0", width: "600px", height: "300px" });
    document.body.append(host);
    const x = [0, 250_000, 1_000_000], values = [[0, 30, 100], [2, 5, 1]];
    const axis = (domain, range) => ({ domain, range, anchor: "x" });
    const plot = new Plot(host);
    const before = plot.axes();
    await plot.draw({
        data: values.map((y, i) => ({ type: "scatter", mode: "markers", x, y, yaxis: i ? "y2" : "y" })),
        layout: {
            height: 300, margin: { l: 40, r: 30, t: 10, b: 20 }, showlegend: false,
            xaxis: { type: "date", range: [0, 1_000_000] }, yaxis: axis([0.6, 1], [0, 100]),
            yaxis2: axis([0, 0.4], [0, 10]),
        },
    });
    const axes = plot.axes(), corner = plot.element.getBoundingClientRect();
    const boxOf = (element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x: x - corner.x, y: y - corner.y, width, height };
    };
    const middleOf = (element) => (({ x, y, width, height }) => [x + width / 2, y + height / 2])(boxOf(element));
    const areas = [...plot.element.querySelectorAll(".nsewdrag")].map(boxOf).map((b) => [b.x, b.width, b.y, b.height]);
    return {
        before,
        drawn: [...plot.element.querySelectorAll(".scatterlayer .point")].map(middleOf),
        said: values.flatMap((y, i) => y.map((value, at) => [axes.x(x[at]), axes.panels[i].y(value)])),
        areas,
        panels: axes.panels.map(({ top, height }) => [axes.left, axes.width, top, height]),
    };
}"""


def test_axes_say_where_plotly_draws(visitor: Page, site: str):
    visitor.goto(f"{site}/cost/")
    found = visitor.evaluate(PLACES, static("js/plots.js"))
    assert found["before"] is None
    assert len(found["drawn"]) == 6
    assert len(found["areas"]) == 2
    for drawn, said in zip(found["drawn"], found["said"], strict=True):
        assert said == pytest.approx(drawn, abs=1)
    for drawn, said in zip(found["areas"], found["panels"], strict=True):
        assert said == pytest.approx(drawn, abs=1)
