// The entry point of every Boost.Test executable: one main, so that each test file is only its
// cases.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE masar
#include <boost/test/unit_test.hpp>
