"""Who acts on alerts."""

from typing import Literal, get_args

Role = Literal["csm", "manager", "product_manager", "account_owner", "finance"]
ROLES: tuple[Role, ...] = get_args(Role)

OF_THE_ACCOUNT = ("csm", "account_owner")
"""Roles that the owner in the register has, where there is one."""
