"""HTTP of notifications: devices, the app's list, preferences, and what staff see; one file each."""

from faded_skies.domains.notifications.endpoints import devices, notices, preferences, staff, unsubscribing

ROUTERS = (
    devices.router,
    notices.router,
    preferences.router,
    unsubscribing.router,
    staff.router,
)
