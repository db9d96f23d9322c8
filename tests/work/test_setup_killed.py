"""A machine that dies in the middle of setup: what was half built is begun anew, and nobody waits for a dead one."""

import pytest

from core.tasks import State
from demo.player import edit, run
from tests.work.test_setting_up import configured, labelled, opened
from tests.work.working_desk import WorkingDesk

pytestmark = pytest.mark.usefixtures("walls")
HANGS_ONCE = """kept=${PIP_CACHE_DIR%/pip}/tried; mkdir node_modules || exit 1; touch node_modules/half
if ! test -e $kept; then touch $kept; sleep 600; fi; rm node_modules/half; touch node_modules/whole"""


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return {"README.md": "old\n", "hangs.sh": HANGS_ONCE}


@pytest.mark.timeout(300)
async def test_two_tasks_go_on_after_a_death_in_the_middle_of_setup(desk: WorkingDesk) -> None:
    desk.patience_s = 120
    await configured(desk, "setup: [sh hangs.sh]\nverify: none\n")
    desk.agent.plays(
        run("test", "-e", "node_modules/whole"), run("test", "!", "-e", "node_modules/half"),
        edit("README.md", "new\n"),
    )  # fmt: skip

    async def is_half_built() -> bool:
        return bool(list(desk.data.glob("setup/*/shared/*/tree/node_modules/half")))

    await opened(desk, 2)
    async with desk.processes("one", slots=2) as crew:
        await labelled(desk, 1, 2)
        await desk.until(is_half_built, "setup does not begin")
        await crew.kill("one")
        for number in (1, 2):
            await desk.until_state(number, State.READY)
    assert [len(list(desk.data.glob(f"setup/*/shared/*{end}"))) for end in (".json", "/tree")] == [1, 1]
