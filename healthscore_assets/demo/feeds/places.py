"""Where in the list of clients the stories are."""

from healthscore_assets.demo.stories import STORIES

PLACES: dict[str, int] = {
    story.key: int(story.client_id.removeprefix("acct-")) - 1 for story in STORIES
}
