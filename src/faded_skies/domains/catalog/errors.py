"""What can be wrong with a product or a review."""

from faded_skies.platform.errors import Absent, Conflict, Forbidden, Invalid, Unavailable


class ProductNotFound(Absent):
    sentence = "We do not sell this product, or not any more. Look for another one in the menu."


class ReviewNotAllowed(Forbidden):
    code = "REVIEW_NOT_ALLOWED"
    sentence = "Only who had this product delivered can review it. Write one once your order has arrived."


class AlreadyReviewed(Conflict):
    code = "ALREADY_REVIEWED"
    sentence = "You have reviewed this product already. Thank you!"


class CategoryNotFound(Absent):
    sentence = "There is no such category."


class CategoryTaken(Conflict):
    code = "CATEGORY_TAKEN"
    sentence = "Another category has this name or this slug. Choose another one, or change that category."


class ImageNotFound(Absent):
    sentence = "This product has no such picture."


class TooManyImages(Conflict):
    code = "TOO_MANY_IMAGES"
    sentence = "A product can have ten pictures. Delete one first."


class ImportRefused(Invalid):
    """Nothing of the file was taken; `problems` name each bad cell."""

    code = "IMPORT_REFUSED"


class MediaStoreDown(Unavailable):
    sentence = "We cannot keep pictures at the moment. Try again in a few minutes."
