//! Names, inside of this room, for the codes of its diagnostics; the rows are in `diagnostics::data_codes`.

use crate::diagnostics::Code;

macro_rules! codes {
    ($($name:ident = $number:literal),* $(,)?) => { $(pub(super) const $name: Code = Code($number);)* };
}

codes! {
    JSON = 701, TRUNCATED = 702, DUPLICATE = 703, RAGGED = 704, OBJECT = 705, DEPTH = 706, RECORDS = 707,
    CSV_WIDTH = 708, DELIMITER = 709, HEADER = 710, CSV_QUOTE = 711, ENCODING = 712, EMPTY_FILE = 713,
    NO_DATA = 714, MISSING_FIELD = 715, UNREAD = 716, RANK = 717, DIM_CONFLICT = 718, LENGTH = 719,
    UNKNOWN_SIZE = 720, TEXT = 721, NOT_INTEGER = 722, NOT_BOOL = 723, MISSING_VALUE = 724, NOT_FINITE = 725,
    OUT_OF_SUPPORT = 726, INDEX_BASE = 727, INDEX_RANGE = 728, UNKNOWN_LABEL = 729, SIZE = 730, EMPTY = 731,
    LABEL_ORDER = 732, UNLABELLED = 733, LET_TYPE = 734, SPARSE_CODES = 735, MIXED_LABELS = 736,
}
