"""What can be wrong with a product or a review."""

from faded_skies.platform.errors import Absent, Conflict, Forbidden


class ProductNotFound(Absent):
    sentence = "We do not sell this product, or not any more. Look for another one in the menu."


class ReviewNotAllowed(Forbidden):
    code = "REVIEW_NOT_ALLOWED"
    sentence = "Only who had this product delivered can review it. Write one once your order has arrived."


class AlreadyReviewed(Conflict):
    code = "ALREADY_REVIEWED"
    sentence = "You have reviewed this product already. Thank you!"
