"""Figures: what plotly is given, and where data is missing."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.ui import charts

GIB = 1024**3


def panels(**changes: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {
        "limits": (GIB, 10 * GIB),
        "span": (0.0, 100.0),
        "marks": [charts.Mark(5.0, "run")],
        "gaps": [charts.Gap(20.0, 30.0, "paused")],
    }
    return charts.sandbox_panels([0, 5], [1.0, 2.0], [3, 4], [5, 6], **(given_ | changes))


def test_a_band_is_median_first_and_p95_filled_down_to_it() -> None:
    figure = charts.share_band([0, 60], [10.0, None], [50.0, 60.0], 0, 3600)
    median, p95 = figure["data"]
    assert (median["name"], median["y"]) == ("median", [10.0, None])
    assert (p95["name"], p95["fill"]) == ("p95", "tonexty")
    assert median["x"] == [0, 60_000]


def test_every_colour_is_a_token_so_that_both_themes_hold() -> None:
    text = json.dumps([charts.share_band([0], [1.0], [2.0], 0, 1), panels(), charts.running_count([0], [1], 9, 0, 1)])
    assert not re.search(r"#[0-9a-f]{6}", text)
    assert set(re.findall(r'color": "((?!var)[^"]+)', text)) <= {"rgba(0,0,0,0)"}


def test_three_panels_share_one_time_axis_from_nought_to_the_limit() -> None:
    layout = panels()["layout"]
    assert [trace.get("yaxis") for trace in panels()["data"]] == ["y", "y2", "y3"]
    assert layout["yaxis2"]["ticktext"] == ["0", "0.5 GiB", "1 GiB"]
    assert layout["yaxis3"]["range"][0] == 0
    domains = [layout[axis]["domain"] for axis in ("yaxis3", "yaxis2", "yaxis")]
    assert all(low < high for low, high in domains)
    assert domains[0][1] < domains[1][0]
    assert domains[1][1] < domains[2][0]


def test_an_unknown_limit_takes_its_room_from_the_values() -> None:
    assert panels(limits=(None, None))["layout"]["yaxis2"]["range"][1] > 4


def test_events_are_lines_through_all_panels_and_gaps_are_blocks_behind() -> None:
    block, line = panels()["layout"]["shapes"]
    assert (block["type"], block["x0"], block["x1"]) == ("rect", 20_000, 30_000)
    assert (line["type"], line["yref"], line["x0"]) == ("line", "paper", 5_000)


def test_a_long_silence_is_a_gap_and_a_pause_is_told_apart() -> None:
    t = [0.0, 5.0, 10.0, 100.0, 105.0, 300.0]
    found = charts.gaps_of(t, [1.0] * 6, [(110.0, 290.0)], least_seconds=30)
    assert [(gap.start, gap.end, gap.why) for gap in found] == [(10.0, 100.0, "no samples"), (110.0, 290.0, "paused")]


@given(
    st.lists(st.integers(0, 10_000), unique=True, max_size=40).map(sorted),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 500)), max_size=5),
)
def test_gaps_hold_no_sample_and_never_lie_in_a_pause(t: list[int], spans: list[tuple[int, int]]) -> None:
    pauses = [(float(start), float(start + length)) for start, length in spans]
    for gap in charts.gaps_of(t, [0.0] * len(t), pauses, least_seconds=20):
        if gap.why == "no samples":
            assert gap.end - gap.start > 20
            assert not any(gap.start < at < gap.end for at in t)
            assert not any(max(gap.start, start) < min(gap.end, end) for start, end in pauses)


def test_the_day_reaches_to_the_cap_or_a_round_number() -> None:
    def top(cap: int | None, most: int) -> int:
        return int(charts.running_count([0], [most], cap, 0, 1)["layout"]["yaxis"]["tickvals"][1])

    assert (top(2400, 1912), top(None, 300), top(None, 0)) == (2400, 500, 10)


def test_cap_that_was_exceeded_is_a_line_with_its_name() -> None:
    layout = charts.running_count([0], [278], 250, 0, 1)["layout"]
    assert (layout["shapes"][0]["y0"], layout["annotations"][0]["text"]) == (250, "limit 250")
    assert layout["yaxis"]["range"][1] > 278
    below = charts.running_count([0], [200], 250, 0, 1)["layout"]
    assert not below.get("shapes")
    assert not below.get("annotations")
