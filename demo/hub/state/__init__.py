"""What the simulated GitHub knows: plain records, no behaviour but looking things up.

Routes, pages and webhook payloads are views of these records, so a story can assert on the world itself instead of on
calls that somebody made.
"""

from demo.hub.state.base import Account, AccountType, Reaction, Role, Team, node_id, parse_node_id, role_rank, stamp
from demo.hub.state.checks import Annotation, CheckAction, CheckOutput, CheckRun, CheckSuite, Status
from demo.hub.state.installed import App, HookConfig, Installation, Token
from demo.hub.state.issues import Comment, Issue, Label, Milestone, TimelineEvent
from demo.hub.state.pulls import AutoMerge, Pull, Review, ReviewComment, ReviewThread
from demo.hub.state.world import Repository, World

__all__ = [
    "Account",
    "AccountType",
    "Annotation",
    "App",
    "AutoMerge",
    "CheckAction",
    "CheckOutput",
    "CheckRun",
    "CheckSuite",
    "Comment",
    "HookConfig",
    "Installation",
    "Issue",
    "Label",
    "Milestone",
    "Pull",
    "Reaction",
    "Repository",
    "Review",
    "ReviewComment",
    "ReviewThread",
    "Role",
    "Status",
    "Team",
    "TimelineEvent",
    "Token",
    "World",
    "node_id",
    "parse_node_id",
    "role_rank",
    "stamp",
]
