"""Features, the dearest first; one of them with its numbers, its time and what it is made of."""

from pages.components import group_page, links
from pages.components.viewer import require_admin

require_admin()
group_page.draw("feature", "feature", link=links.feature, over_time=("model", "user"), parts=("group", "model", "user"))
