"""Teams, the dearest first; one of them with its numbers, its time and what it is made of."""

from pages.components import group_page, links
from pages.components.viewer import require_admin

require_admin()
group_page.draw("group", "team", link=links.team, over_time=("model", "feature"), parts=("user", "model", "feature"))
