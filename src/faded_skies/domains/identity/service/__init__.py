"""What can be done with people, their sessions and mailed links; one file each."""

from faded_skies.domains.identity.models import Challenge, Customer, FirstFactor, Grant
from faded_skies.domains.identity.service.attempts import (
    Caller,
    judge_caller_of_email,
    judge_caller_of_user,
)
from faded_skies.domains.identity.service.closing import (
    check_who_leaves,
    close,
    erase,
    get_held_profile,
    held_on,
    list_closed_since,
    lock_leaving,
)
from faded_skies.domains.identity.service.completing import complete_profile
from faded_skies.domains.identity.service.federated import (
    STATE_LIFETIME,
    ask,
    asked_with,
    enter,
    give_up,
    keep_proof,
    note_asked,
    note_return,
)
from faded_skies.domains.identity.service.identities import link_identity, list_identities, unlink_identity
from faded_skies.domains.identity.service.invitations import (
    accept_invitation,
    check_admin,
    create_admin,
    invite,
    issue_invitation_token,
    list_invitations,
    revoke_invitation,
)
from faded_skies.domains.identity.service.mailed import (
    issue_confirmation_token,
    issue_reset_token,
    request_confirmation,
    request_password_reset,
    reset_password,
    verify_email,
)
from faded_skies.domains.identity.service.mfa import (
    begin_second_factor,
    confirm_second_factor,
    find_challenged,
    find_second_factor,
    finish_sign_in,
    needs_second_factor,
    remove_lost_second_factor,
    remove_second_factor,
    renew_recovery_codes,
)
from faded_skies.domains.identity.service.papers import approve_id, note_id_processing, reject_id
from faded_skies.domains.identity.service.passwords import change_password, check_own_password
from faded_skies.domains.identity.service.people import (
    change_profile,
    check_age,
    create_person,
    find_customer,
    get_user,
    lock_customer,
)
from faded_skies.domains.identity.service.pruning import prune
from faded_skies.domains.identity.service.secrets import new_token
from faded_skies.domains.identity.service.session_list import (
    end_all_sessions,
    end_session,
    list_sessions,
)
from faded_skies.domains.identity.service.sessions import (
    IdentityAuthenticator,
    admit,
    get_own_profile,
    renew,
    sign_out,
)
from faded_skies.domains.identity.service.sign_in import find_account, register, sign_in

__all__ = [
    "STATE_LIFETIME",
    "Caller",
    "Challenge",
    "Customer",
    "FirstFactor",
    "Grant",
    "IdentityAuthenticator",
    "accept_invitation",
    "admit",
    "approve_id",
    "ask",
    "asked_with",
    "begin_second_factor",
    "change_password",
    "change_profile",
    "check_admin",
    "check_age",
    "check_own_password",
    "check_who_leaves",
    "close",
    "complete_profile",
    "confirm_second_factor",
    "create_admin",
    "create_person",
    "end_all_sessions",
    "end_session",
    "enter",
    "erase",
    "find_account",
    "find_challenged",
    "find_customer",
    "find_second_factor",
    "finish_sign_in",
    "get_held_profile",
    "get_own_profile",
    "get_user",
    "give_up",
    "held_on",
    "invite",
    "issue_confirmation_token",
    "issue_invitation_token",
    "issue_reset_token",
    "judge_caller_of_email",
    "judge_caller_of_user",
    "keep_proof",
    "link_identity",
    "list_closed_since",
    "list_identities",
    "list_invitations",
    "list_sessions",
    "lock_customer",
    "lock_leaving",
    "needs_second_factor",
    "new_token",
    "note_asked",
    "note_id_processing",
    "note_return",
    "prune",
    "register",
    "reject_id",
    "remove_lost_second_factor",
    "remove_second_factor",
    "renew",
    "renew_recovery_codes",
    "request_confirmation",
    "request_password_reset",
    "reset_password",
    "revoke_invitation",
    "sign_in",
    "sign_out",
    "unlink_identity",
    "verify_email",
]
